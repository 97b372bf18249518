"""One commit of a git repository as an archive whose bytes depend on the commit alone.

From outside in: ``repositories`` fetches a commit and its submodules, ``repository`` has git do one of them,
``program`` runs git within limits, ``packing`` makes one archive of what came.
"""
