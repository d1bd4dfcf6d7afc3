"""Looks at the ports of instances from the outside: names, TCP connects, HTTP answers. Knows no cluster, no Novita."""
