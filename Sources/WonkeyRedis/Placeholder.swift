enum PlaceholderWonkeyRedis {}
