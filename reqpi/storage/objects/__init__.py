"""A store in an object store, which any number of processes on any number of machines may share.

Below the prefix that the operator names::

    layout                        the number of this layout
    blobs/sha256/ab/<sha256>      blobs that begin with ab
    records/<name>_               records, named as in a directory (reqpi.storage.directory.paths)
    used/<key>                    when the blob or the record of that key was used last
    removing/<key>/<moment>.<..>  who removes it at this moment (reqpi.storage.objects.usage)
    probes/                       what is tried out at the start, and removed
"""
