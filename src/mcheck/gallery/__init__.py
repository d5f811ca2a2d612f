"""The gallery: every known violation of the shipped protocols, as a trace, a picture and a paragraph."""
