"""Prints what pyinotify reports about the directory argv[1], one JSON object a line."""
import json
import sys

import pyinotify


def show(event):
    print(json.dumps({
        "mask": event.mask,
        "pathname": event.pathname,
        "src_pathname": getattr(event, "src_pathname", ""),
        "dir": event.dir,
    }), flush=True)


manager = pyinotify.WatchManager()
notifier = pyinotify.Notifier(manager, show)
manager.add_watch(sys.argv[1], pyinotify.ALL_EVENTS, rec=True, auto_add=True)
print("ready", flush=True)
notifier.loop()
