. ./core/greeting.sh
echo "$greeting, world"
