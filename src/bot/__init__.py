"""The tick: what is read in the channel, which step each message takes next, what is told and when."""
