"""Golden vectors: a second, independent implementation of policy contracts, to check the engine by."""
