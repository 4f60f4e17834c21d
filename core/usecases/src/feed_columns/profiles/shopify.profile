# Shopify: the products that the admin exports as CSV. Each variant has a row; those behind the first repeat its handle.
told by Handle, Variant Price | URL handle, Title, Option1 name | URL handle, Title, Price
variants by Handle or URL handle with Variant SKU, Variant Price, Option1 Value, SKU, Price
current price

Title = name
Body (HTML) = description
Description = description
Vendor = brand
Product Category = main_category
Type = main_category
Variant Image = image
Variant image URL = image
Image Src = image
Product image URL = image
Image Src = images
Product image URL = images
Variant Price = discount_price
Price = discount_price
Variant Compare At Price = actual_price
Compare-at price = actual_price
Handle = item_group_id
URL handle = item_group_id
Variant SKU = sku
SKU = sku
Variant Barcode = gtin
Barcode = gtin
Variant Inventory Qty = availability if Variant Inventory Tracker, Variant Inventory Policy is deny
Inventory quantity = availability if Inventory tracker, Continue selling when out of stock is deny
Tags = attributes.tags
Status = attributes.status
Option1 Name : Option1 Value
Option2 Name : Option2 Value
Option3 Name : Option3 Value
Color (product.metafields.shopify.color-pattern) = attributes.color
ignore Default Title
