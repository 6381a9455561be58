"""The local API of a running robot, measured on the twin: how soon it stops and follows, and what bad clients cost."""
