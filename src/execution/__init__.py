"""One execution: how it is started, looked at, stopped and read, on SageMaker and on this machine."""
