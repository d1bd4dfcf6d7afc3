// The part of express that the seed's webhook receiver uses, for machines without the npm package: body parsers by
// content type, routes, res.status().json(). The receiver itself is run as it is. An installed express comes first.
const http = require('http');

function parser(parse, type) {
  return (req, res, next) => {
    const sent = (req.headers['content-type'] || '').split(';')[0].trim();
    if (req.parsed || sent !== type) return next();
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      req.parsed = true;
      try {
        req.body = parse(Buffer.concat(chunks));
      } catch (error) {
        return res.status(400).json({ error: 'Bad request' });
      }
      next();
    });
  };
}

function decorate(res) {
  res.status = (code) => {
    res.statusCode = code;
    return res;
  };
  res.json = (value) => {
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.end(JSON.stringify(value));
    return res;
  };
  return res;
}

function express() {
  const layers = [];
  const app = (req, res) => {
    decorate(res);
    req.body = {};
    const path = req.url.split('?')[0];
    const step = (index) => {
      const layer = layers[index];
      if (!layer) return res.status(404).json({ error: 'Not found' });
      if (!layer.matches(req.method, path)) return step(index + 1);
      return layer.handle(req, res, () => step(index + 1));
    };
    step(0);
  };
  const route = (method) => (wanted, handle) =>
    layers.push({ handle, matches: (asked, path) => asked === method && path === wanted });
  app.use = (...all) => {
    const handle = all.pop();
    const prefix = all[0] || '';
    layers.push({ handle, matches: (_, path) => path === prefix || path.startsWith(`${prefix}/`) || !prefix });
  };
  app.get = route('GET');
  app.post = route('POST');
  app.listen = (...all) => http.createServer(app).listen(...all);
  return app;
}

express.raw = ({ type }) => parser((body) => body, type);
express.json = () => parser((body) => JSON.parse(body.toString() || '{}'), 'application/json');
module.exports = express;
