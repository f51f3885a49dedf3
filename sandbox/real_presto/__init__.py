"""A real Presto 0.287 on loopback, installed by scripts/install_presto.sh, with the warehouse of the sandbox in it."""
