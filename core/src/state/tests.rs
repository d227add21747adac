//! What a map promises, tried out on the room alone.
