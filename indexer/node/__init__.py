"""From a node: `rpc` asks it, no faster than it bears (`pace`); `roads` has the two ways to the blocks of its chain, in
order and without a gap. Uses `decoding`.
"""
