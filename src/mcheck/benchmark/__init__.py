"""mcheck bench: the same models, in this checker and in others, each count proved equal before any speed is shown."""
