"""What a machine needs to run the site: packages, proxy, start of the containers."""
