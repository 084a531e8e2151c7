"""Stands in for a site's name server: names of $CUPEL_FILES/hosts lead where that file says. Loaded by its name."""
import os
import socket

with open(os.path.join(os.environ["CUPEL_FILES"], "hosts")) as lines:
    KNOWN = {name: address for address, name in (line.split() for line in lines)}
ASK = socket.getaddrinfo


def getaddrinfo(host, *args, **kw):
    return ASK(KNOWN.get(host, host), *args, **kw)


socket.getaddrinfo = getaddrinfo
