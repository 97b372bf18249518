"""A store in an object store, which any number of processes on any number of machines may share.

Below the prefix that the operator names::

    layout                        the number of this layout
    blobs/sha256/ab/<sha256>      blobs whose sha256 begins with ab
    records/<name>_               records, named as in a directory (reqpi.storage.directory.paths)
    used/<key>                    when the blob or record of that key was last used
    removing/<key>/<time>.<..>    a remover that is removing it now (reqpi.storage.objects.usage)
    probes/                       objects that are written to test the store at the start, and removed
"""
