"""What a real account says to the assumptions that client and simulator are built on (`novita-operator verify`)."""
