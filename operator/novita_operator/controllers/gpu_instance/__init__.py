"""GPUInstance. The rooms: observing, policies, deciding, launching, reachability, acting, reporting."""
