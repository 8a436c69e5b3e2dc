greeting=hello
