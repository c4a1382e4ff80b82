"""What every layer is made of: calling, hooks, state, moving between devices, containers."""
