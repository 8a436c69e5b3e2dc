admins="ada"
