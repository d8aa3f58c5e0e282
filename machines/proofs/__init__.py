"""What a machine is asked to prove, and how that is checked. Pure; uses nothing but `client.errors`."""
