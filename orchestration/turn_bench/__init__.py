"""How well turns are taken: cases built from recorded speech, played into real sessions, and measured."""
