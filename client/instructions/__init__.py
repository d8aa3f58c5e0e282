"""Instruction builders, one module for each program, named as the programs name them. Pure: no network."""
