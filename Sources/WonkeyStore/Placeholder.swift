enum PlaceholderWonkeyStore {}
