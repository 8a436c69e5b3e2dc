. ./core/greeting.sh
test "$greeting" = hello
