enum PlaceholderWonkeyHTTP {}
