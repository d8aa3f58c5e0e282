"""From blocks to columns, without a network or a database: `layouts` and `tables` say what there is, `blocks` what is
read of a node's words; `calls`, `base58`, `records` and `decode` find it. `scan` does what `blocks` and `calls` do,
faster, where `ionet-native` is installed. Uses no other room.
"""
