enum PlaceholderWonkeyConfig {}
