"""NovitaAccount. The rooms: polling, garbagecollection, reporting."""
