import WonkeyCore
