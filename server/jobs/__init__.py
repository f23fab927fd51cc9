"""The door for time: wakes the services when a timer is due or a message waits. Nothing is decided
here."""
