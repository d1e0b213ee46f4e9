"""The commands of the command line, one file per subject. Heavy imports wait until a command needs them."""
