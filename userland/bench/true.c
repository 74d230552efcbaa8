/* The smallest program, for the cost of starting one. */
int main(void) { return 0; }
