"""The OpenAI Realtime protocol on top of the same sessions: events in, events out, a face beside them."""
