"""The life of one instance for somebody who watches: everything that it needs is started, and stopped again."""
