"""Operations on all files of a lock: holds, SBOMs, build requirements, wheelhouses."""
