// Loaded before the seed's receiver, which names port 8080: it gets a free port instead, and writes down which.
const fs = require('fs');
const net = require('net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (_port, ...rest) {
  this.once('listening', () => {
    fs.writeFileSync(`${process.env.PORT_FILE}.new`, String(this.address().port));
    fs.renameSync(`${process.env.PORT_FILE}.new`, process.env.PORT_FILE);
  });
  return listen.call(this, 0, '127.0.0.1', ...rest.filter((each) => typeof each === 'function'));
};
