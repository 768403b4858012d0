"""What wires hearing, mind and face into a conversation: session, protocol, serving, command line."""
