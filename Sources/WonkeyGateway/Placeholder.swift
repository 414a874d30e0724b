enum PlaceholderWonkeyGateway {}
