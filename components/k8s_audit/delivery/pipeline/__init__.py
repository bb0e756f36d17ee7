"""What happens to an event between a cloud's stream and its receiver, as one configuration of Bento's."""
