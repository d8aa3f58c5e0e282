"""Solana JSON-RPC and WebSocket server on LiteSVM, with time travel."""
