// client-examples/nodejs/webhook-handler.js
const express = require('express');
const crypto = require('crypto');

class WebhookHandler {
  constructor(secret) {
    this.secret = secret;
    this.app = express();
    this.setupMiddleware();
    this.setupRoutes();
  }

  setupMiddleware() {
    // Raw body parser for signature verification
    this.app.use('/webhook', express.raw({ type: 'application/json' }));
    this.app.use(express.json());
  }

  setupRoutes() {
    this.app.post('/webhook', (req, res) => {
      try {
        // Verify webhook signature
        if (this.secret && !this.verifySignature(req)) {
          return res.status(401).json({ error: 'Invalid signature' });
        }

        const payload = JSON.parse(req.body);
        this.handleWebhook(payload);
        
        res.status(200).json({ received: true });
      } catch (error) {
        console.error('Webhook error:', error);
        res.status(500).json({ error: 'Internal server error' });
      }
    });

    this.app.get('/health', (req, res) => {
      res.json({ status: 'healthy' });
    });
  }

  verifySignature(req) {
    const signature = req.headers['x-signature'];
    if (!signature) return false;

    const expectedSignature = crypto
      .createHmac('sha256', this.secret)
      .update(req.body)
      .digest('hex');

    return signature === `sha256=${expectedSignature}`;
  }

  handleWebhook(payload) {
    console.log('Received webhook:', payload);

    switch (payload.event) {
      case 'instance.ready':
        this.handleInstanceReady(payload);
        break;
      case 'instance.failed':
        this.handleInstanceFailed(payload);
        break;
      default:
        console.log('Unknown webhook event:', payload.event);
    }
  }

  handleInstanceReady(payload) {
    console.log(`✓ Instance ${payload.instanceId} is ready!`);
    console.log('Connection details:', payload.instance.connectionDetails);
    
    // Add your custom logic here
    // e.g., start ML training job, notify users, update database
    this.notifyDownstreamSystems(payload);
  }

  handleInstanceFailed(payload) {
    console.error(`✗ Instance ${payload.instanceId} failed to start`);
    console.error('Error:', payload.error);
    
    // Add your error handling logic here
    // e.g., retry creation, alert administrators, update status
    this.handleFailure(payload);
  }

  notifyDownstreamSystems(payload) {
    // Example: Start ML training job
    console.log('Starting ML training job...');
    
    // Example: Update database
    console.log('Updating instance status in database...');
    
    // Example: Send notification
    console.log('Sending notification to user...');
  }

  handleFailure(payload) {
    // Example: Retry instance creation
    console.log('Scheduling retry for failed instance...');
    
    // Example: Alert administrators
    console.log('Sending alert to administrators...');
  }

  start(port = 8080) {
    this.app.listen(port, () => {
      console.log(`Webhook handler listening on port ${port}`);
    });
  }
}

// Usage example
const webhookHandler = new WebhookHandler(process.env.WEBHOOK_SECRET);
webhookHandler.start(8080);
