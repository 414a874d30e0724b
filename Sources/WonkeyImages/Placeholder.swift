enum PlaceholderWonkeyImages {}
