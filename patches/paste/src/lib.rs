//! Empty: `mcap` lists the unmaintained `paste` among what it needs, and uses it in its own tests only.
