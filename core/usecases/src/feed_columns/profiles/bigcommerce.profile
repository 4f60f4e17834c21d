# BigCommerce: the export of products.
told by Item Type, Product Name | Product ID, Product Name, Product Code/SKU

Product ID = product_id
Product Name = name
Name = name
Product Description = description
Brand Name = brand
Price = actual_price
Sale Price = discount_price
Category = main_category first of ";"
Category String = main_category first of ";"
Product Image URL - 1 = image
Product Image File - 1 = image
Product URL = link
Product Code/SKU = attributes.sku
Product UPC/EAN = attributes.gtin
Option Set = attributes.options
