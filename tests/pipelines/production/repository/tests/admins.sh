. ./auth/admins.sh
test -n "$admins"
