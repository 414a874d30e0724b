enum PlaceholderWonkeyCurl {}
