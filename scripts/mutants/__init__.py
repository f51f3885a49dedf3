"""`make mutants`: changes of one token that no fast test notices."""
