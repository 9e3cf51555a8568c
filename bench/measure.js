// Prints the CPU seconds of the process as its last line.
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);
});
