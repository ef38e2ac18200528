"""copy2.py TARGET LAYOUT...: copies the blobs of all layouts into TARGET, as a plain script would."""

import os
import shutil
import sys

target, *layouts = sys.argv[1:]
os.makedirs(target)
for layout in layouts:
    blobs = os.path.join(layout, "blobs", "sha256")
    for name in os.listdir(blobs):
        shutil.copy2(os.path.join(blobs, name), os.path.join(target, name))
