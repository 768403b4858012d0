"""Who speaks when: policies over numbers, without sound, models or clocks."""
