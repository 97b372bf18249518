"""Operations on commitments: freeze a page, serve a file, hold a lock, sweep and verify a store."""
