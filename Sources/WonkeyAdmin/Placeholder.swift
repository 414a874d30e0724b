enum PlaceholderWonkeyAdmin {}
